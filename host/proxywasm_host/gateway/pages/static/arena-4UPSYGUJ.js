import{m as a}from"./part-2QPKX7IA.js";import"./part-K4SABGCS.js";a("arena",["playground","arena"]);
