// Runs inside gradio's HTML component, which gives `element`, `props` and `watch`; WORDS comes from
// ui/chart.py. Draws { loss: [[step, value]], eval: [[step, value]], best: [step, value] | null }.
const canvas = element.querySelector("canvas");
const pen = canvas.getContext("2d");
const PAD = { left: 56, right: 20, top: 42, bottom: 40 };
let hover = null;

const data = () => props.value || { loss: [], eval: [], best: null };
const ink = (name) => getComputedStyle(element).getPropertyValue(name).trim();
const number = (value) => (Math.abs(value) < 10 ? value.toFixed(3) : value.toFixed(1));

function ticks(low, high, wanted) {
  const raw = Math.max(high - low, 1e-9) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw) || power;
  const out = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-6; at += step) out.push(at || 0);
  return { out, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

function frame(width, height) {
  const { loss, eval: held, best } = data();
  const all = loss.concat(held, best ? [best] : []);
  const steps = all.map((p) => p[0]);
  const values = all.map((p) => p[1]);
  let [x0, x1] = [Math.min(...steps), Math.max(...steps)];
  let [y0, y1] = [Math.min(...values), Math.max(...values)];
  if (x0 === x1) [x0, x1] = [Math.max(0, x0 - 1), x1 + 1];
  const air = (y1 - y0 || 1) * 0.08;
  [y0, y1] = [WORDS.zero ? 0 : Math.max(0, y0 - air), y1 + air];
  return {
    x0, x1, y0, y1,
    x: (step) => PAD.left + ((step - x0) / (x1 - x0)) * (width - PAD.left - PAD.right),
    y: (value) => height - PAD.bottom - ((value - y0) / (y1 - y0)) * (height - PAD.top - PAD.bottom),
  };
}

function write(words, x, y, { align = "left", color = ink("--kb-muted"), bold = false } = {}) {
  pen.font = `${bold ? 600 : 400} 12px ${getComputedStyle(element).fontFamily}`;
  pen.textAlign = align;
  pen.textBaseline = "middle";
  pen.fillStyle = color;
  pen.fillText(words, x, y);
  return pen.measureText(words).width;
}

function stroke(points, color, width) {
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.lineJoin = "round";
  pen.beginPath();
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
}

function dot(x, y, radius, color) {
  pen.fillStyle = color;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fill();
}

function axes(at, width, height) {
  const vertical = ticks(at.y0, at.y1, 7);
  vertical.out.forEach((value) => {
    stroke([[PAD.left, at.y(value)], [width - PAD.right, at.y(value)]], ink("--kb-line"), 1);
    write(value.toFixed(Math.min(6, vertical.digits)), PAD.left - 10, at.y(value), { align: "right" });
  });
  const across = ticks(at.x0, at.x1, Math.max(3, Math.floor(width / 130)));
  across.out.filter((step) => Number.isInteger(Math.round(step * 1e6) / 1e6)).forEach((step) =>
    write((Math.round(step) || 0).toLocaleString("ko-KR"), at.x(step), height - PAD.bottom + 14, { align: "center" }));
  write(WORDS.step, width - PAD.right, height - 9, { align: "right" });
  write(WORDS.loss_axis, 8, PAD.top - 14);
}

function legend(width) {
  const shown = [
    [WORDS.loss, "--kb-loss", data().loss.length],
    [WORDS.eval_legend || WORDS.eval, "--kb-eval", data().eval.length],
    [WORDS.best, "--kb-best", data().best],
  ].filter((each) => each[2]);
  let x = PAD.left;
  shown.forEach(([words, color]) => {
    dot(x + 5, 14, 5, ink(color));
    x += 16 + write(words, x + 16, 15, { color: ink("--kb-ink") }) + 20;
  });
}

function series(at) {
  const { loss, eval: held, best } = data();
  const place = ([step, value]) => [at.x(step), at.y(value)];
  stroke(loss.map(place), ink("--kb-loss"), 1.6);
  if (loss.length === 1) dot(...place(loss[0]), 3.5, ink("--kb-loss"));
  stroke(held.map(place), ink("--kb-eval"), 2.4);
  if (held.length <= 60) held.map(place).forEach(([x, y]) => dot(x, y, 3.5, ink("--kb-eval")));
  if (best) {
    const [x, y] = place(best);
    dot(x, y, 8, ink("--kb-card"));
    dot(x, y, 6.5, ink("--kb-best"));
    dot(x, y, 2.5, ink("--kb-card"));
  }
}

function nearest(points, step) {
  return points.reduce((a, b) => (!a || Math.abs(b[0] - step) < Math.abs(a[0] - step) ? b : a), null);
}

function readOut(at, width, height) {
  if (hover === null) return;
  const { loss, eval: held } = data();
  const wanted = at.x0 + ((hover - PAD.left) / (width - PAD.left - PAD.right)) * (at.x1 - at.x0);
  const main = nearest(loss.length ? loss : held, wanted);
  const beside = nearest(held, main[0]);
  const lines = [[`${main[0].toLocaleString("ko-KR")}${WORDS.step_unit}`, "--kb-ink", true]];
  if (loss.length) lines.push([`${WORDS.loss} ${number(main[1])}`, "--kb-loss", false]);
  if (beside) lines.push([`${WORDS.eval} ${number(beside[1])} (${beside[0].toLocaleString("ko-KR")}${WORDS.step_unit})`, "--kb-eval", false]);
  const x = at.x(main[0]);
  stroke([[x, PAD.top - 4], [x, height - PAD.bottom]], ink("--kb-muted"), 1);
  if (loss.length) dot(x, at.y(main[1]), 4.5, ink("--kb-loss"));
  if (beside) dot(at.x(beside[0]), at.y(beside[1]), 4.5, ink("--kb-eval"));
  pen.font = `600 12px ${getComputedStyle(element).fontFamily}`;
  const wide = Math.max(...lines.map(([words]) => pen.measureText(words).width)) + 24;
  const tall = lines.length * 20 + 12;
  const left = x + 14 + wide > width ? x - 14 - wide : x + 14;
  pen.fillStyle = ink("--kb-card");
  pen.strokeStyle = ink("--kb-line");
  pen.lineWidth = 1;
  pen.beginPath();
  pen.roundRect(left, PAD.top, wide, tall, 8);
  pen.fill();
  pen.stroke();
  lines.forEach(([words, color, bold], i) =>
    write(words, left + 12, PAD.top + 17 + i * 20, { color: ink(color), bold }));
}

function describe() {
  const { loss, eval: held, best } = data();
  const last = (points) => points[points.length - 1];
  const parts = [WORDS.title];
  if (loss.length) parts.push(`${last(loss)[0]}${WORDS.step_unit} ${WORDS.loss} ${number(last(loss)[1])}`);
  if (held.length) parts.push(`${WORDS.eval} ${number(last(held)[1])}`);
  if (best) parts.push(`${WORDS.best} ${best[0]}${WORDS.step_unit} ${number(best[1])}`);
  if (!loss.length && !held.length) parts.push(WORDS.empty);
  canvas.setAttribute("aria-label", parts.join(", "));
  canvas.dataset.points = loss.length + held.length;
}

function draw() {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  describe(); // by which an empty chart can be hidden
  if (!width) return; // in a tab that is not shown
  const sharp = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * sharp);
  canvas.height = Math.round(height * sharp);
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  pen.clearRect(0, 0, width, height);
  if (!data().loss.length && !data().eval.length) {
    write(WORDS.empty, width / 2, height / 2, { align: "center" });
    return;
  }
  const at = frame(width, height);
  axes(at, width, height);
  legend(width);
  series(at);
  readOut(at, width, height);
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
watch("value", draw);
draw();
