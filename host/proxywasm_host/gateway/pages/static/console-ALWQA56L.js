import{m as o}from"./part-EZK65RIP.js";import"./part-K4SABGCS.js";o("console",["console"]);
