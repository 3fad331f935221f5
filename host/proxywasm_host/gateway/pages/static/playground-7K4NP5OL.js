import{k as r}from"./part-QJBKVBLU.js";r("playground",["playground","arena"]);
