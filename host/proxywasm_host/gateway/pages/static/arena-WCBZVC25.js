import{k as a}from"./part-VMU3CA2D.js";import"./part-K4SABGCS.js";a("arena",["playground","arena"]);
