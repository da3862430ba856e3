// Draws [data-chart] with ECharts. The numbers are also in the table below each chart; if drawing fails the table is opened.
import { phrase } from "./phrases.js";

const TONES = { todo: "#1d5fbf", done: "#2b9a5f", warn: "#d98200", late: "#b3202a", off: "#8796aa" };
const ORDER = ["#1d5fbf", "#6f86a8", "#2b9a5f", "#d98200", "#b3202a"];
const VENDOR = new URL("../vendor/echarts/echarts.min.js", import.meta.url);
let loading = null;

function load() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = VENDOR;
    script.onload = () => resolve(window.echarts);
    script.onerror = reject;
    document.head.append(script);
  });
  return loading;
}

export async function start(boxes) {
  const fresh = boxes.filter((box) => !box.drawn);
  for (const box of fresh) box.drawn = true;
  if (!fresh.length) return;
  try {
    const echarts = await load();
    for (const box of fresh) draw(echarts, box);
  } catch {
    for (const box of fresh) giveUp(box);
  }
}

function giveUp(box) {
  box.textContent = phrase("chartFailed");
  const table = box.parentElement.querySelector("details");
  if (table) table.open = true;
}

function draw(echarts, box) {
  const spec = JSON.parse(box.dataset.chart);
  const chart = echarts.init(box, null, { renderer: "canvas" });
  chart.setOption(spec.option ?? options(spec, box.clientWidth));
  new ResizeObserver(() => chart.resize()).observe(box);
  window.addEventListener("beforeprint", () => chart.resize());
  if (spec.links) chart.on("click", (point) => spec.links[point.dataIndex] && location.assign(spec.links[point.dataIndex]));
}

function options(spec, width) {
  const across = spec.kind === "hbar";
  const labels = {
    type: "category",
    data: spec.categories,
    inverse: across,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: "#c3cbd6" } },
    axisLabel: {
      color: "#48566a",
      interval: across ? 0 : "auto",
      hideOverlap: true,
      width: across ? Math.min(150, width / 3) : undefined,
      overflow: across ? "truncate" : "none",
    },
  };
  const values = {
    type: "value",
    name: across ? "" : (spec.unit ?? ""),
    min: spec.min,
    max: spec.max,
    nameTextStyle: { color: "#5f6c7f" },
    splitLine: { lineStyle: { color: "#eaeef3" } },
    axisLabel: { color: "#48566a" },
  };
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 },
    color: ORDER,
    grid: { left: 8, right: across ? 44 : 24, top: spec.series.length > 1 || (!across && spec.unit) ? 34 : 12, bottom: 6, containLabel: true },
    legend: spec.series.length > 1 ? { top: 0, right: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8 } : undefined,
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: spec.kind === "line" ? "line" : "shadow" } },
    xAxis: across ? values : labels,
    yAxis: across ? labels : values,
    series: spec.series.map((one, place) => series(spec, one, place)),
  };
}

function series(spec, one, place) {
  const colour = TONES[one.tone] ?? ORDER[place % ORDER.length];
  const data = one.tones
    ? one.data.map((value, i) => ({ value, itemStyle: { color: TONES[one.tones[i]] ?? colour } }))
    : one.data;
  return {
    name: one.name,
    type: spec.kind === "line" ? "line" : "bar",
    stack: spec.stacked ? "all" : undefined,
    data,
    barMaxWidth: 22,
    symbolSize: 6,
    itemStyle: { color: colour },
    lineStyle: { width: 2.2 },
    label: spec.kind === "hbar" && !spec.stacked ? { show: true, position: "right", color: "#18222f" } : undefined,
    markLine:
      place === 0 && spec.limit !== undefined && spec.limit !== null
        ? {
            silent: true,
            symbol: "none",
            lineStyle: { color: TONES.late, type: "dashed" },
            label: { formatter: `${phrase("limit")} ${spec.limit}`, color: TONES.late, position: spec.kind === "hbar" ? "insideMiddleTop" : "insideEndTop" },
            data: [spec.kind === "hbar" ? { xAxis: spec.limit } : { yAxis: spec.limit }],
          }
        : undefined,
  };
}
