"""The style and the script of the page.  They contain no data, so that their hashes are constant."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #fff; --raised: #f4f5f7; --text: #1c2024; --quiet: #5b6370; --line: #d9dce1;
  --yes: #18794e; --no: #a3a9b3; --bad: #b42318; --bad-ground: #fdecea; --focus: #1d5fd0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #16181c; --raised: #202329; --text: #e7e9ec; --quiet: #a2a9b4; --line: #363b44;
    --yes: #5cc894; --no: #646c79; --bad: #ff9c92; --bad-ground: #3a1f1d; --focus: #7aa7ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 0 1.5rem 3rem; max-width: 72rem; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
}
header { position: sticky; top: 0; z-index: 1; padding: 1.25rem 0 .75rem; background: var(--ground);
  border-bottom: 1px solid var(--line); }
h1 { margin: 0; font-size: 1.5rem; }
h2 { margin: 2.25rem 0 .5rem; font-size: 1.1rem; }
p { margin: .2rem 0 .6rem; color: var(--quiet); }
#filter:not([hidden]) { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin: .75rem 0 0; }
input { flex: 0 1 24rem; min-width: 10rem; padding: .4rem .65rem; font: inherit; color: inherit;
  background: var(--ground); border: 1px solid var(--no); border-radius: .4rem; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 1px; }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .4rem .8rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; background: var(--raised); font-size: .85rem; color: var(--quiet);
  white-space: nowrap; }
th[scope=row] { font-weight: 500; }
th code { overflow-wrap: anywhere; }
.yes { white-space: nowrap; }
.file th { background: var(--raised); font-weight: 600; overflow-wrap: anywhere; }
#files + p + .wide td { width: 30%; }
code { font: .9em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
time, small, .quiet { color: var(--quiet); white-space: nowrap; font-variant-numeric: tabular-nums; }
.yes > [aria-hidden], .good { color: var(--yes); }
.odd, .open, .weak { color: var(--bad); }
.odd { background: var(--bad-ground); }
.troubles { margin: 0; padding: .75rem 1rem .75rem 2rem;
  background: var(--bad-ground); border-radius: .5rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
[hidden] { display: none; }
@media print {
  :root { --ground: #fff; --raised: #eee; --text: #000; --quiet: #333; --line: #999; --yes: #000; --no: #777;
    --bad: #000; --bad-ground: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  header { position: static; }
  #filter > label, #filter > input { display: none; }
  .wide { overflow: visible; border-radius: 0; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  h2, .file { break-after: avoid; }
  @page { margin: 1.5cm; }
}
"""

SCRIPT = """
"use strict";
const field = document.getElementById("words");
const count = document.getElementById("count");
const bodies = [...document.querySelectorAll("tbody")].map((body) => {
  const head = body.querySelector("tr.file");
  const name = head ? head.textContent + " " : "";
  const rows = [...body.rows].filter((row) => row !== head);
  const texts = rows.map((row) => [row, (name + row.textContent).toLowerCase()]);
  return { body, head, section: body.closest("section"), rows: texts };
});
const total = bodies.reduce((sum, one) => sum + one.rows.length, 0);
function show() {
  const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let left = 0;
  for (const { body, head, section, rows } of bodies) {
    let some = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      some += row.hidden ? 0 : 1;
    }
    (head ? body : section).hidden = words.length > 0 && some === 0;
    left += some;
  }
  count.textContent = words.length ? `only ${words.join(" ")}: ${left} of ${total} rows` : "";
}
// page.html#bob links to the values that bob can read.
function take() {
  try {
    field.value = decodeURIComponent(location.hash.slice(1));
  } catch {
    field.value = "";
  }
  show();
}
field.addEventListener("input", show);
addEventListener("hashchange", take);
document.getElementById("filter").hidden = false;
take();
"""
