import { LeaseTable, MemoryLeases } from "../../src/lease/MemoryLeases.js";
import { leaseContract } from "./contract.js";

let table: LeaseTable;

leaseContract("in memory", {
  open: async () => {
    table = new LeaseTable();
  },
  node: () => new MemoryLeases(table),
  close: async () => {},
});
