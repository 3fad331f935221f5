import{m as o}from"./part-R57NXSV4.js";import"./part-K4SABGCS.js";o("console",["console"]);
