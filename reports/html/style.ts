/** The page's whole style. Its hash stands in the page's content security policy, so nothing else can style it. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#f7f6f2;--card:#fff;--ink:#1c2024;--soft:#59626b;--line:#dcdad2;--tint:#efede6;
--accent:#1f5f8b;--ok:#1d6b45;--ok-tint:#e4f1e9;--bad:#a3271f;--bad-tint:#fbe9e6;--warn:#7d5200;--warn-tint:#fbf0d9;
--mark:#ffe9a8;--mark-ink:#3d2c00;--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1c2024;--ink:#e8e6e1;--soft:#a2abb3;--line:#353b41;--tint:#252a2f;
--accent:#7fbce6;--ok:#7fd0a3;--ok-tint:#17301f;--bad:#ff9d92;--bad-tint:#3a1c19;--warn:#efc36b;--warn-tint:#33280f;--mark:#5b4a12;--mark-ink:#fff2c9}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 var(--sans);overflow-wrap:break-word}
main,header.top,footer{max-width:70rem;margin:0 auto;padding:0 1.5rem}
header.top{padding-top:2.5rem}
.eyebrow{margin:0;color:var(--soft);font-size:.8125rem;letter-spacing:.06em;text-transform:uppercase}
h1{margin:.15rem 0 .6rem;font-size:2.1rem;line-height:1.2;font-weight:650;letter-spacing:-.015em}
h2{margin:3rem 0 .35rem;font-size:1.3rem;line-height:1.3;font-weight:650;letter-spacing:-.005em}
h3{margin:0;font-size:1.06rem;line-height:1.5;font-weight:500}
h3 strong{font-weight:680}
p{margin:.4rem 0}
.lead{color:var(--soft);margin:0 0 1rem;max-width:46rem}
code{font-family:var(--mono);font-size:.9em;overflow-wrap:anywhere}
h3 code,.verdict code,li code{background:var(--tint);border-radius:4px;padding:.05em .3em}
time{white-space:nowrap}
.badges{display:flex;flex-wrap:wrap;gap:.5rem;margin:0;padding:0;list-style:none}
.badge{display:inline-flex;align-items:center;gap:.4em;border:1px solid currentColor;border-radius:99px;padding:.1rem .7rem;font-size:.8125rem;font-weight:600}
.badge.ok{color:var(--ok);background:var(--ok-tint)}.badge.bad{color:var(--bad);background:var(--bad-tint)}
.badge.warn{color:var(--warn);background:var(--warn-tint)}.badge.plain{color:var(--soft)}
.verdict{margin:1.5rem 0 0;padding:1.3rem 1.5rem;border:1px solid var(--line);border-left:6px solid var(--ok);border-radius:10px;background:var(--card)}
.verdict.bad{border-left-color:var(--bad)}
.verdict.warn{border-left-color:var(--warn)}
.verdict p{margin:0;text-wrap:pretty;font-size:1.3rem;line-height:1.5}
.verdict p+p{margin-top:.5rem;font-size:1rem;color:var(--soft)}
.numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.75rem;margin:1rem 0 0}
.numbers>div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.8rem 1rem}
.numbers dt{color:var(--soft);font-size:.8125rem}
.numbers dd{margin:0;font-size:1.6rem;font-weight:620;line-height:1.3;font-variant-numeric:tabular-nums}
.numbers .exact{display:block;font-size:.8125rem;font-weight:400;color:var(--soft)}
.numbers .alert dd{color:var(--bad)}.numbers .care dd{color:var(--warn)}.numbers .good dd{color:var(--ok)}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:10px;background:var(--card);margin:.75rem 0 0}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
caption{text-align:left;padding:.7rem 1rem;color:var(--soft);font-size:.875rem}
th,td{padding:.5rem 1rem;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
thead th{font-size:.8125rem;color:var(--soft);font-weight:600;background:var(--tint)}
tbody th{font-weight:600}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.zero{color:var(--soft)}
td.hit{font-weight:700;color:var(--bad)}
td .exact,th .exact{display:block;color:var(--soft);font-size:.8125rem;font-weight:400}
tfoot th,tfoot td{border-top:2px solid var(--line);font-weight:650}
.strip{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem 1.25rem;margin-top:.75rem}
.lane{display:grid;grid-template-columns:minmax(6rem,9rem) 1fr;gap:1rem;align-items:center;font-size:.875rem}
.lane svg{display:block;width:100%;height:34px;overflow:visible}
.lane .track{fill:var(--tint)}.lane .tick{stroke:var(--line)}
.mark-high{fill:var(--bad)}.mark-medium{fill:var(--warn)}.mark-low{fill:var(--accent)}.mark-gap{fill:var(--warn);opacity:.55}
.hours{display:flex;justify-content:space-between;color:var(--soft);font-size:.75rem;font-variant-numeric:tabular-nums}
.key{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:.7rem 0 0;color:var(--soft);font-size:.8125rem;padding:0;list-style:none}
.key svg{width:10px;height:18px;vertical-align:-4px;margin-right:.4em}
.finding{background:var(--card);border:1px solid var(--line);border-radius:10px;margin:1rem 0;padding:1.1rem 1.25rem 1.2rem;border-left:6px solid var(--accent)}
.finding.high{border-left-color:var(--bad)}.finding.medium{border-left-color:var(--warn)}
.finding .badges{margin-bottom:.55rem}
.meta{color:var(--soft);font-size:.875rem;margin:.3rem 0 0}
.meta span+span::before,.meta time+span::before{content:" · "}
.sides{table-layout:fixed}
.sides thead th:first-child{width:8.5rem}
${[2, 3, 4, 5, 6, 7].map((columns) => `.cols-${columns}{min-width:${8.5 + columns * 11}rem}`).join('')}
.sides tbody th{color:var(--soft);font-weight:500;overflow-wrap:anywhere}
.sides td{overflow-wrap:anywhere}
code.when{overflow-wrap:normal}
.dense th,.dense td{padding-left:.55rem;padding-right:.55rem}
.dense th:first-child,.dense td:first-child{padding-left:1rem}.dense th:last-child,.dense td:last-child{padding-right:1rem}
.numbers.sums{grid-template-columns:repeat(auto-fit,minmax(13rem,1fr))}
.numbers.sums dd{font-size:1.35rem}
.sides thead th{font-size:.9375rem;color:var(--ink)}
.sides thead .exact{text-transform:none}
.sides .differs th{color:var(--ink);font-weight:650}
mark{background:var(--mark);color:var(--mark-ink);border-radius:4px;padding:.1em .35em;box-decoration-break:clone;-webkit-box-decoration-break:clone}
.absent{background:repeating-linear-gradient(135deg,transparent 0 8px,var(--tint) 8px 16px);color:var(--ink)}
.note{margin:.6rem 0 0}
details{margin:.8rem 0 0}
summary{cursor:pointer;color:var(--accent);font-size:.9rem;font-weight:550}
summary:focus-visible{outline:2px solid var(--accent);outline-offset:3px;border-radius:3px}
pre{margin:.6rem 0 0;padding:.8rem 1rem;background:var(--tint);border-radius:8px;font:.8125rem/1.5 var(--mono);white-space:pre-wrap;overflow-wrap:anywhere}
.notice{border:1px solid var(--line);background:var(--warn-tint);border-radius:10px;padding:.8rem 1.1rem;margin:1rem 0 0}
.calm{padding:1.6rem;text-align:center;border:1px dashed var(--line);border-radius:10px;color:var(--soft);background:var(--card)}
dl.words,dl.facts{display:grid;grid-template-columns:minmax(8rem,12rem) 1fr;gap:.45rem 1.5rem;margin:.8rem 0 0;font-size:.9375rem}
dl.words dt,dl.facts dt{font-weight:600}
dl.words dd,dl.facts dd{margin:0;color:var(--soft)}
dl.facts dd{color:var(--ink)}
footer{padding-top:2rem;padding-bottom:3rem;color:var(--soft);font-size:.875rem}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:-999rem}.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem;z-index:1}
a{color:var(--accent)}
@media (max-width:40rem){main,header.top,footer{padding-left:1rem;padding-right:1rem}header.top{padding-top:1.5rem}
h1{font-size:1.6rem}.verdict{padding:1rem 1.1rem}.verdict p{font-size:1.12rem}
.numbers{grid-template-columns:1fr 1fr;gap:.5rem}.lane{grid-template-columns:1fr;gap:.1rem;margin-bottom:.5rem}.lane.axis span:empty{display:none}
dl.words,dl.facts{grid-template-columns:1fr;gap:.1rem}dl.words dd,dl.facts dd{margin-bottom:.6rem}
th,td{padding:.45rem .75rem}
.sides{font-size:.8125rem}.sides thead th{font-size:.75rem}.sides th,.sides td{padding:.4rem .5rem}.sides thead th:first-child{width:4.9rem}
${[2, 3, 4, 5, 6, 7].map((columns) => `.cols-${columns}{min-width:${(4.9 + columns * 7.4).toFixed(1)}rem}`).join('')}
.finding{padding:.85rem .75rem .9rem}.numbers.sums{grid-template-columns:1fr}}
@media print{:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--tint:#f2f2f2;--accent:#1f5f8b;
--ok:#1d6b45;--ok-tint:#fff;--bad:#a3271f;--bad-tint:#fff;--warn:#7d5200;--warn-tint:#fff;--mark:#ffe9a8;--mark-ink:#000}
body{font-size:10.5pt}main,header.top,footer{max-width:none;padding:0}h2{break-after:avoid}.finding,.verdict,.numbers>div,.strip,tr{break-inside:avoid}
.scroll{overflow:visible}.sides{min-width:0}.dense,.dense thead th{font-size:7.5pt}.dense th,.dense td,.dense td.n,.dense th.n{padding:.25rem .3rem;white-space:normal}.dense .exact{font-size:6.5pt}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}details:not([open])>summary{color:#444}}
`;
