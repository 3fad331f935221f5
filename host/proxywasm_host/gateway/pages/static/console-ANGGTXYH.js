import{m as o}from"./part-CGGOUGYH.js";import"./part-K4SABGCS.js";o("console",["console"]);
