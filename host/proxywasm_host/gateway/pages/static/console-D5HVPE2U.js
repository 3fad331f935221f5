import{k as o}from"./part-VMU3CA2D.js";import"./part-K4SABGCS.js";o("console",["console"]);
