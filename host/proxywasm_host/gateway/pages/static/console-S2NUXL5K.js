import{a as o}from"./part-D6LTUNE3.js";o("console",["console"]);
