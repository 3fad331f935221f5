import{m as o}from"./part-LCKFL7A4.js";import"./part-K4SABGCS.js";o("console",["console"]);
