#pragma once

namespace rewire::report {

/// For the screen and for paper: dark on white, one column, figures side by side where they fit.
inline constexpr auto page_style = R"css(
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.2rem 1.6rem 4rem; max-width: 70rem; background: #fff;
  color: #1a1a1a; font: 15px/1.5 "Source Serif 4", "Source Serif Pro", Georgia, "DejaVu Serif", serif; }
h1, h2, h3, nav, table, figcaption, details, .notice, .subtitle, code
  { font-family: Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.8rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid #bbb; }
h3 { font-size: 1.02rem; margin: 1.8rem 0 .4rem; }
p, ul { max-width: 46rem; margin: .5rem 0 .8rem; }
.option { white-space: nowrap; }
.subtitle { color: #555; font-size: .9rem; margin: 0 0 1.6rem; }
nav { font-size: .88rem; border: 1px solid #ddd; padding: .7rem 1.1rem; max-width: 46rem; }
nav ol { margin: .2rem 0; padding-left: 1.4rem; columns: 2; column-gap: 2rem; }
nav li { break-inside: avoid; margin: 0 0 .24rem; }
a { color: #004f7d; text-decoration: none; }
a:hover { text-decoration: underline; }
figure { margin: 1.2rem 0 1.8rem; }
.legend { font: .8rem Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif; margin: 0 0 .3rem 1rem; }
.legend span { display: inline-block; margin-right: 1.4rem; }
.legend svg { vertical-align: -1px; }
.panels { display: flex; flex-wrap: wrap; gap: .4rem .9rem; align-items: flex-end; }
.panels svg { max-width: 100%; height: auto; break-inside: avoid; }
svg image { image-rendering: pixelated; }
figcaption { font-size: .84rem; line-height: 1.45; max-width: 56rem; margin-top: .5rem; color: #222; }
figcaption b, caption b { color: #000; }
table { border-collapse: collapse; font-size: .82rem; margin: .3rem 0; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; margin: 1rem 0 1.6rem; }
caption { text-align: left; font-size: .84rem; line-height: 1.45; max-width: 56rem; padding-bottom: .4rem; }
thead th { border-top: 1.5px solid #222; border-bottom: 1px solid #222; font-weight: 600; }
tbody tr:last-child td { border-bottom: 1.5px solid #222; }
th, td { text-align: left; padding: .16rem .85rem .16rem 0; vertical-align: top; }
td.number, th.number { text-align: right; }
details { font-size: .82rem; margin: .35rem 0; max-width: 56rem; }
summary { cursor: pointer; color: #004f7d; }
details table { margin: .4rem 0 .8rem; }
details td:last-child { overflow-wrap: anywhere; }
code { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .92em; overflow-wrap: anywhere; }
.notice { border-left: 4px solid #d55e00; background: #fbf6f2; padding: .6rem 1rem; margin: 1rem 0;
  font-size: .88rem; max-width: 46rem; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.notice p { margin: .2rem 0; }
@media print {
  @page { margin: 16mm; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2, h3 { break-after: avoid; }
  tr, figcaption, .notice { break-inside: avoid; }
  .scroll { overflow: visible; }
  details:not([open]) { display: none; }
  a { color: inherit; }
}
)css";

} // namespace rewire::report
