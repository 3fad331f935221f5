import{m as o}from"./part-ZQS2NXZG.js";import"./part-K4SABGCS.js";o("console",["console"]);
