// Puts the samples that came with the page's newest content into the charts that are already drawn.
document.addEventListener("htmx:afterSettle", () => {
  for (const source of document.querySelectorAll("#live script[type='application/json']")) {
    const canvas = document.querySelector(`#chart-${source.id} canvas`);
    const chart = canvas && Chart.getChart(canvas);
    if (!chart) continue;
    const { labels, datasets } = JSON.parse(source.textContent);
    const drawn = new Map(chart.data.datasets.map((dataset) => [dataset.label, dataset]));
    chart.data.labels = labels;
    // A line that is drawn keeps its colours: unfold has resolved them for the theme.
    chart.data.datasets = datasets.map((dataset) => ({ ...dataset, ...pick(drawn.get(dataset.label)) }));
    chart.update("none");
  }
});

function pick(dataset) {
  return dataset ? { borderColor: dataset.borderColor, backgroundColor: dataset.backgroundColor } : {};
}
