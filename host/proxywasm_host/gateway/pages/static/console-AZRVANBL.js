import{m as o}from"./part-XLKLHTAK.js";import"./part-K4SABGCS.js";o("console",["console"]);
