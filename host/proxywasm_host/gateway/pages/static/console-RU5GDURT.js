import{m as o}from"./part-WTBGXTW7.js";import"./part-K4SABGCS.js";o("console",["console"]);
