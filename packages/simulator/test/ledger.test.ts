import { beforeEach, describe, expect, it } from "vitest";
import { Ledger } from "../src/soak/Ledger.js";

const [radio, chess] = ["com.example.radio", "com.example.chess"];
const user = "user@example.com";
const at = (ms: number) => new Date(1_000_000 + ms).toISOString();

let ledger: Ledger;

const request = (requestId: string) =>
  ledger.line({ msg: "play requested", requestId, packageName: radio, user, time: at(0) });
const asked = (requestId: string) => ledger.line({ msg: "glasses asked", requestId, user, time: at(0) });
const end = (requestId: string) => ledger.line({ msg: "play ended", requestId });

beforeEach(() => {
  ledger = new Ledger();
});

describe("LOAD-1 the books of plays", () => {
  it("LOAD-1 are in order with one job, one end and one answer", async () => {
    request("r1");
    end("r1");
    ledger.answer(radio, "r1");
    await ledger.settle(0);
    expect(ledger).toMatchObject({ plays: 1, lost: 0, problems: [] });
  });

  it.each([
    ["a second job", () => request("r1"), "r1: 2 jobs"],
    ["a second end", () => end("r1"), "r1: 2 ends"],
    ["a second answer", () => ledger.answer(radio, "r1"), "r1: 2 answers"],
    [
      "an answer to another app",
      () => ledger.answer(chess, "r1"),
      `r1: asked by ${radio}, answered to ${chess}`,
    ],
  ])("LOAD-1 notice %s at once", (_, happen, problem) => {
    request("r1");
    end("r1");
    ledger.answer(radio, "r1");
    happen();
    expect(ledger.problems).toContain(problem);
  });

  it("LOAD-1 notice a play that has no end, and one that has no answer", async () => {
    request("r1");
    ledger.answer(radio, "r1");
    request("r2");
    end("r2");
    await ledger.settle(0);
    expect(ledger.problems).toEqual(["r1: 0 ends, 1 answers", "r2: 1 ends, 0 answers"]);
  });

  it("LOAD-1 count a request that was lost on its way to the glasses, and no other", async () => {
    for (const requestId of ["r1", "r2"]) {
      request(requestId);
      asked(requestId);
      end(requestId);
    }
    ledger.line({ msg: "glasses away", user: "another@example.com", time: at(100) });
    ledger.answer(radio, "r2");
    await ledger.settle(0);
    expect(ledger).toMatchObject({ lost: 0, problems: ["r1: 1 ends, 0 answers"] });
    ledger.line({ msg: "glasses away", user, time: at(100) });
    expect(ledger.lost).toBe(1);
  });

  it("LOAD-1 count an answer that was lost with the app's connection, and no other app's", async () => {
    request("r1");
    end("r1");
    ledger.line({ msg: "glasses answered", requestId: "r1", user, time: at(0) });
    ledger.line({ msg: "app away", packageName: chess, user, time: at(100) });
    ledger.line({ msg: "app away", packageName: radio, user, time: at(600) });
    expect(ledger.lost).toBe(0);
    ledger.line({ msg: "app away", packageName: radio, user, time: at(100) });
    expect(ledger.lost).toBe(1);
  });
});
