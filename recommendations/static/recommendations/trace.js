/** What the "why" of a card shows: the event that moved it, and how long it took from the click to the page. */

/** @typedef {import("./card.js").Card} Card */
/** @typedef {import("./connection.js").Trace} Trace */

/** @typedef {{ name: string, ms: number }} Stage */

/**
 * The stages from the event to the page, in the order in which they came about. Spark's stage is among them only
 * where its batch landed before the list was pushed. Without `shownAt` the list came with the page, not by a push.
 * @param {Trace} trace
 * @param {number | null} shownAt
 * @returns {{ stages: Stage[], totalMs: number | null, sparkMs: number | null, clocksDiffer: boolean }}
 */
export function journeyOf(trace, shownAt) {
  const at = (/** @type {string | null} */ time) => (time ? Date.parse(time) : null);
  const [occurred, computed] = [Date.parse(trace.occurredAt), at(trace.computedAt)];
  const pushed = shownAt === null ? null : at(trace.pushedAt);
  const sparkCameFirst = computed !== null && (pushed === null || computed <= pushed);
  /** @type {[string, number | null][]} */
  const points = [
    ["received", at(trace.receivedAt)],
    ["computed", sparkCameFirst ? computed : null],
    ["pushed", pushed],
    ["shown", shownAt],
  ];
  let before = occurred;
  let clocksDiffer = false;
  const stages = [];
  for (const [name, time] of points) {
    if (time === null) continue;
    clocksDiffer ||= time < before;
    stages.push({ name, ms: Math.max(0, time - before) });
    before = time;
  }
  return {
    stages,
    totalMs: shownAt === null ? null : Math.max(0, shownAt - occurred),
    sparkMs: computed === null ? null : Math.max(0, computed - occurred),
    clocksDiffer,
  };
}

/** @param {Card} card @returns {HTMLElement[]} */
export function traceElements(card) {
  const heading = make("p", "rl-why-title", card.element.querySelector(".rl-reason")?.textContent ?? "");
  if (!card.seen) {
    return [heading, make("p", "rl-note", "What all visitors look at put it here; no single event of yours did.")];
  }
  const { trace, shownAt } = card.seen;
  const { stages, totalMs, sparkMs, clocksDiffer } = journeyOf(trace, shownAt);
  const facts = list([
    ["Event", trace.eventId],
    ["Kafka", `${trace.topic}, partition ${trace.partition}, offset ${trace.offset}`],
    ["Batch", trace.batchId === null ? "Spark's batch has not landed yet" : batchText(trace.batchId, sparkMs)],
    ["Journey", totalMs === null ? "In the page since it was loaded" : `${milliseconds(totalMs)} from click to page`],
  ]);
  const notes = clocksDiffer ? [make("p", "rl-note", "The clocks of this browser and the servers differ.")] : [];
  return [heading, facts, bar(stages), list(stages.map(({ name, ms }) => [name, milliseconds(ms)]), "rl-stages"), ...notes];
}

/** @param {number} batchId @param {number | null} sparkMs */
function batchText(batchId, sparkMs) {
  return sparkMs === null ? `${batchId}` : `${batchId}, ${milliseconds(sparkMs)} after the event`;
}

/** @param {Stage[]} stages */
function bar(stages) {
  const element = make("div", "rl-bar");
  element.setAttribute("aria-hidden", "true"); // the list that follows says the same
  for (const { name, ms } of stages) {
    const part = make("span", "rl-bar-part");
    part.dataset.stage = name;
    part.style.flexGrow = String(ms);
    element.append(part);
  }
  return element;
}

/** @param {[string, string][]} rows @param {string} [className] */
function list(rows, className = "rl-facts") {
  const element = make("dl", className);
  for (const [term, value] of rows) {
    const row = make("div");
    row.dataset.term = term.toLowerCase();
    row.append(make("dt", "", term), make("dd", "", value));
    element.append(row);
  }
  return element;
}

/** @param {number} ms */
function milliseconds(ms) {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(0)} s`;
}

/** @param {string} tag @param {string} [className] @param {string} [text] */
function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
