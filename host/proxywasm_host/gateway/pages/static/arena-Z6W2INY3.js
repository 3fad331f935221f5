import{a}from"./part-D6LTUNE3.js";a("arena",["playground","arena"]);
