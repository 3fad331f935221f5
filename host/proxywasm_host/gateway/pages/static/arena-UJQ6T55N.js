import{k as a}from"./part-2RJCC7HM.js";import"./part-K4SABGCS.js";a("arena",["playground","arena"]);
