import assert from "node:assert/strict";
import { test } from "node:test";
import { blocks, html, noLinks } from "../src/common/markdown/parse.ts";
import { withVisibleControls } from "../src/common/visible.ts";

const made = (source: string): string => html(blocks(source, noLinks()) ?? []).trim();

test("formulas are found in all four forms, and amounts of money are none", () => {
  assert.equal(made("a $x^2$ b"), '<p>a <span class="formula-inline">x^2</span> b</p>');
  assert.equal(made("a \\(x\\) b"), '<p>a <span class="formula-inline">x</span> b</p>');
  assert.equal(made("$$\nx\n$$"), '<div class="formula-block">x</div>');
  assert.equal(made("text\n\\[\nx\n\\]\nmore"), '<p>text</p>\n<div class="formula-block">x</div><p>more</p>');
  assert.equal(made("it costs $5 or $6"), "<p>it costs $5 or $6</p>");
  assert.equal(made("`$x$`"), "<p><code>$x$</code></p>");
});

test("HTML is text, except harmless tags without attributes", () => {
  assert.equal(made("a<br>b <sub>c</sub>"), "<p>a<br>b <sub>c</sub></p>");
  assert.doesNotMatch(made("<img src=x onerror=alert(1)>\n\n<br onclick=alert(1)> <script>x</script>"), /<(?:img|br|script)/);
});

test("the blocks are the whole text", () => {
  const source = "# a\n\nb\nc\n\n- d\n\n  e\n\n```\nf\n```\n\n> g\n\n| h |\n| - |\n| i |\n\n$$j$$\n\nk  \n\n";
  assert.equal((blocks(source, noLinks()) ?? []).map(({ raw }) => raw).join(""), source);
});

test("what would take the parser too long is left to plain text", () => {
  assert.equal(blocks("> ".repeat(1000), noLinks()), null);
  const long = "*a ".repeat(5000).trim();
  assert.ok(made(long) === `<p>${long}</p>`);
});

test("characters that nobody sees are shown by their numbers", () => {
  assert.equal(withVisibleControls("a\u202eb\u0000c\ud800d😀\te\n"), "a[U+202E]b[U+0000]c[U+D800]d😀\te\n");
});
