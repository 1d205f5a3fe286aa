import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";

/** Holds everything that bridges and clouds have printed into a folder against what must not be there. */
export function expectNoSecrets(folder: string, secrets: readonly string[]): void {
  const logs = readdirSync(folder).filter((file) => /^(bridge|cloud).*\.log$/.test(file));
  expect(logs.length).toBeGreaterThan(1);
  for (const name of logs) {
    const text = readFileSync(path.join(folder, name), "utf8");
    expect(text.length, name).toBeGreaterThan(0);
    expect(/eyJ[\w-]+\.[\w-]+\.[\w-]+/.test(text), `${name} holds a JWT`).toBe(false);
    for (const [index, secret] of secrets.entries()) {
      expect(text.includes(secret), `${name} holds secret ${index}`).toBe(false);
    }
  }
}
