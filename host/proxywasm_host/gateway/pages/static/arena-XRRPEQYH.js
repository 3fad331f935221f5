import{k as a}from"./part-QJBKVBLU.js";a("arena",["playground","arena"]);
