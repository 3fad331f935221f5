import{a as r}from"./part-D6LTUNE3.js";r("playground",["playground","arena"]);
