// Runs inside gradio's HTML component, which provides `element`, `props` and `watch`; LABELS comes
// from ui/chart.py. Draws { loss: [[step, value]], eval: [[step, value]], best: [step, value] | null }.
// A chart of percentages also has ranges: [[step, low, high]], texts of its eval points, a legend and a note.
const canvas = element.querySelector("canvas");
const ctx = canvas.getContext("2d");
const PAD = { left: 56, right: 20, top: 42, bottom: 40 };
let hover = null;
// What the pulse has brought since the last event (ui/live_training.py).
let live = null;

const data = () => live || props.value || { loss: [], eval: [], best: null };
const cssColor = (name) => getComputedStyle(element).getPropertyValue(name).trim();
const number = (value) => {
  if (LABELS.percent) return `${value}%`;
  return Math.abs(value) < 10 ? value.toFixed(3) : value.toFixed(1);
};

function ticks(low, high, count) {
  const raw = Math.max(high - low, 1e-9) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw) || power;
  const out = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-6; at += step) out.push(at || 0);
  return { out, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

function scales(width, height) {
  const { loss, eval: evals, best } = data();
  const all = loss.concat(evals, best ? [best] : []);
  const steps = all.map((p) => p[0]);
  const values = all.map((p) => p[1]);
  let [x0, x1] = [Math.min(...steps), Math.max(...steps)];
  let [y0, y1] = [Math.min(...values), Math.max(...values)];
  if (x0 === x1) [x0, x1] = [Math.max(0, x0 - 1), x1 + 1];
  const margin = (y1 - y0 || 1) * 0.08;
  [y0, y1] = LABELS.percent ? [0, 100] : [Math.max(0, y0 - margin), y1 + margin];
  return {
    x0, x1, y0, y1,
    x: (step) => PAD.left + ((step - x0) / (x1 - x0)) * (width - PAD.left - PAD.right),
    y: (value) => height - PAD.bottom - ((value - y0) / (y1 - y0)) * (height - PAD.top - PAD.bottom),
  };
}

function write(words, x, y, { align = "left", color = cssColor("--kb-muted"), bold = false } = {}) {
  ctx.font = `${bold ? 600 : 400} 12px ${getComputedStyle(element).fontFamily}`;
  ctx.textAlign = align;
  ctx.textBaseline = "middle";
  ctx.fillStyle = color;
  ctx.fillText(words, x, y);
  return ctx.measureText(words).width;
}

function stroke(points, color, width) {
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.lineJoin = "round";
  ctx.beginPath();
  points.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.stroke();
}

function dot(x, y, radius, color) {
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 7);
  ctx.fill();
}

function drawAxes(at, width, height) {
  const vertical = ticks(at.y0, at.y1, 7);
  vertical.out.forEach((value) => {
    stroke([[PAD.left, at.y(value)], [width - PAD.right, at.y(value)]], cssColor("--kb-line"), 1);
    const words = value.toFixed(Math.min(6, vertical.digits));
    write(LABELS.percent ? `${words}%` : words, PAD.left - 10, at.y(value), { align: "right" });
  });
  const horizontal = ticks(at.x0, at.x1, Math.max(3, Math.floor(width / 130)));
  horizontal.out.filter((step) => Number.isInteger(Math.round(step * 1e6) / 1e6)).forEach((step) =>
    write((Math.round(step) || 0).toLocaleString("ko-KR"), at.x(step), height - PAD.bottom + 14, { align: "center" }));
  write(LABELS.step, width - PAD.right, height - 9, { align: "right" });
  write(LABELS.loss_axis, 8, PAD.top - 14);
}

function lengthOf(words) {
  ctx.font = `400 12px ${getComputedStyle(element).fontFamily}`;
  return ctx.measureText(words).width;
}

// Words in as many lines as they need.
function wrapped(words, width) {
  const lines = [""];
  words.split(" ").forEach((word) => {
    const line = lines[lines.length - 1];
    if (line && lengthOf(`${line} ${word}`) > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`.trim();
  });
  return lines;
}

// The lines of the legend; what follows a line break has no dot.
function legend(width) {
  const entries = [
    [LABELS.loss, "--kb-loss", data().loss.length],
    [data().legend || LABELS.eval, "--kb-eval", data().eval.length],
    [LABELS.best, "--kb-best", data().best],
  ].filter(([, , visible]) => visible);
  const lines = [[]];
  let x = PAD.left;
  entries.forEach(([words, color]) => {
    if (x > PAD.left && x + 16 + lengthOf(words) > width) {
      x = PAD.left;
      lines.push([]);
    }
    const parts = wrapped(words, width - x - 16);
    parts.forEach((part, i) => {
      if (i) lines.push([]);
      lines[lines.length - 1].push({ words: part, color: i ? "" : color, x });
    });
    x += 16 + Math.max(...parts.map(lengthOf)) + 20;
  });
  return lines;
}

function drawLegend(lines) {
  lines.forEach((line, i) => line.forEach(({ words, color, x }) => {
    if (color) dot(x + 5, 14 + 18 * i, 5, cssColor(color));
    write(words, x + 16, 15 + 18 * i, { color: cssColor("--kb-ink") });
  }));
}

function drawSeries(at) {
  const { loss, eval: evals, best } = data();
  const place = ([step, value]) => [at.x(step), at.y(value)];
  stroke(loss.map(place), cssColor("--kb-loss"), 1.6);
  if (loss.length === 1) dot(...place(loss[0]), 3.5, cssColor("--kb-loss"));
  (data().ranges || []).forEach(([step, low, high]) =>
    stroke([place([step, low]), place([step, high])], cssColor("--kb-eval"), 1.2));
  stroke(evals.map(place), cssColor("--kb-eval"), 2.4);
  if (evals.length <= 60) evals.map(place).forEach(([x, y]) => dot(x, y, 3.5, cssColor("--kb-eval")));
  if (best) {
    const [x, y] = place(best);
    dot(x, y, 8, cssColor("--kb-card"));
    dot(x, y, 6.5, cssColor("--kb-best"));
    dot(x, y, 2.5, cssColor("--kb-card"));
  }
}

function evalText(point) {
  return (data().texts || [])[data().eval.indexOf(point)] || number(point[1]);
}

// Sentences in the middle, in as many lines as they need.
function writeNote(words, width, height) {
  const lines = wrapped(words, width - 40);
  lines.forEach((line, i) =>
    write(line, width / 2, height / 2 + (i - (lines.length - 1) / 2) * 20, { align: "center" }));
}

function nearest(points, step) {
  return points.reduce((a, b) => (!a || Math.abs(b[0] - step) < Math.abs(a[0] - step) ? b : a), null);
}

const atStep = (step) => LABELS.step_at.replace("{step}", step.toLocaleString("ko-KR"));

function drawTooltip(at, width, height) {
  if (hover === null) return;
  const { loss, eval: evals } = data();
  const hoverStep = at.x0 + ((hover - PAD.left) / (width - PAD.left - PAD.right)) * (at.x1 - at.x0);
  const main = nearest(loss.length ? loss : evals, hoverStep);
  const evalPoint = nearest(evals, main[0]);
  const lines = [[`${atStep(main[0])}`, "--kb-ink", true]];
  if (loss.length) lines.push([`${LABELS.loss} ${number(main[1])}`, "--kb-loss", false]);
  if (evalPoint) lines.push([`${LABELS.eval} ${evalText(evalPoint)} (${atStep(evalPoint[0])})`, "--kb-eval", false]);
  const x = at.x(main[0]);
  stroke([[x, PAD.top - 4], [x, height - PAD.bottom]], cssColor("--kb-muted"), 1);
  if (loss.length) dot(x, at.y(main[1]), 4.5, cssColor("--kb-loss"));
  if (evalPoint) dot(at.x(evalPoint[0]), at.y(evalPoint[1]), 4.5, cssColor("--kb-eval"));
  ctx.font = `600 12px ${getComputedStyle(element).fontFamily}`;
  const boxWidth = Math.max(...lines.map(([words]) => ctx.measureText(words).width)) + 24;
  const boxHeight = lines.length * 20 + 12;
  const left = x + 14 + boxWidth > width ? x - 14 - boxWidth : x + 14;
  ctx.fillStyle = cssColor("--kb-card");
  ctx.strokeStyle = cssColor("--kb-line");
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.roundRect(left, PAD.top, boxWidth, boxHeight, 8);
  ctx.fill();
  ctx.stroke();
  lines.forEach(([words, color, bold], i) =>
    write(words, left + 12, PAD.top + 17 + i * 20, { color: cssColor(color), bold }));
}

function describe() {
  const { loss, eval: evals, best } = data();
  const last = (points) => points[points.length - 1];
  const parts = [LABELS.title];
  if (loss.length) parts.push(`${atStep(last(loss)[0])} ${LABELS.loss} ${number(last(loss)[1])}`);
  if (evals.length) parts.push(`${LABELS.eval} ${evalText(last(evals))}`);
  if (best) parts.push(`${LABELS.best} ${atStep(best[0])} ${number(best[1])}`);
  if (!loss.length && !evals.length) parts.push(data().note || LABELS.empty);
  canvas.setAttribute("aria-label", parts.join(", "));
  canvas.dataset.points = loss.length + evals.length;
  canvas.toggleAttribute("data-note", Boolean(data().note));
}

function draw() {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  describe(); // Sets data-points and data-note, by which window.css hides an empty chart.
  if (!width) return; // In a hidden tab.
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  if (!data().loss.length && !data().eval.length) {
    writeNote(data().note || LABELS.empty, width, height);
    return;
  }
  const lines = legend(width - PAD.right);
  PAD.top = 24 + 18 * lines.length;
  const at = scales(width, height);
  drawAxes(at, width, height);
  drawLegend(lines);
  drawSeries(at);
  drawTooltip(at, width, height);
}

function point(event) {
  const box = canvas.getBoundingClientRect();
  hover = Math.min(Math.max(event.clientX - box.left, PAD.left), box.width - PAD.right);
  draw();
}
canvas.addEventListener("pointermove", point);
canvas.addEventListener("pointerleave", () => { hover = null; draw(); });
canvas.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -8, ArrowRight: 8 }[event.key];
  if (!by) return;
  event.preventDefault();
  hover = Math.min(Math.max((hover ?? PAD.left) + by, PAD.left), canvas.clientWidth - PAD.right);
  draw();
});
canvas.addEventListener("blur", () => { hover = null; draw(); });
new ResizeObserver(draw).observe(canvas);
new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ["class"] });
const take = ({ detail }) => {
  if (!element.isConnected) {
    removeEventListener("kakaobot-training", take);
    return;
  }
  if (!detail.chart || detail.chart.run !== data().run) return;
  live = detail.chart;
  draw();
};
addEventListener("kakaobot-training", take);
watch("value", () => {
  live = null;
  dispatchEvent(new Event("kakaobot-training-shown"));
  draw();
});
draw();
