import{k as o}from"./part-2RJCC7HM.js";import"./part-K4SABGCS.js";o("console",["console"]);
