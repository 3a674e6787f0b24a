/** The strip around the cards: the server's, or the same built here for a bare <recommendation-list>. */

/**
 * @typedef {object} Frame
 * @property {HTMLElement} items
 * @property {HTMLElement[]} slots one for each place of the list, whether a card is in it or not
 * @property {HTMLElement} status
 * @property {HTMLButtonElement} update shown while a newer list waits for the visitor to look away
 * @property {Map<string, HTMLElement>} rendered the server's cards, by product id
 */

// The shape of templates/recommendations/list.html; a test holds the two together.
const SHAPE = document.createElement("template");
SHAPE.innerHTML = `
  <div class="rl-head"><h2 class="rl-heading"></h2><p class="rl-status"></p></div>
  <ol class="rl-items" tabindex="-1"></ol>
  <p class="rl-empty">Look at a few products, and suggestions appear here.</p>`;

/** @param {HTMLElement} strip @param {number} limit @returns {Frame} */
export function buildFrame(strip, limit) {
  if (!strip.querySelector(".rl-items")) fill(strip, limit);
  const head = /** @type {HTMLElement} */ (strip.querySelector(".rl-head"));
  const items = /** @type {HTMLElement} */ (strip.querySelector(".rl-items"));
  const update = document.createElement("button");
  update.type = "button";
  update.className = "rl-update";
  update.textContent = "Show new suggestions";
  update.hidden = true;
  head.append(update);
  return {
    items,
    slots: /** @type {HTMLElement[]} */ ([...items.children]),
    status: /** @type {HTMLElement} */ (head.querySelector(".rl-status")),
    update,
    rendered: renderedCards(items),
  };
}

/** @param {HTMLElement} strip @returns {import("./connection.js").List | null} */
export function listInPage(strip) {
  const json = strip.querySelector('script[type="application/json"]')?.textContent;
  return json ? JSON.parse(json) : null;
}

/** @param {HTMLElement} strip @param {number} limit */
function fill(strip, limit) {
  const heading = strip.getAttribute("heading") ?? "Recommended for you";
  strip.dataset.list ??= "recommended";
  strip.setAttribute("role", "region");
  strip.setAttribute("aria-label", heading);
  strip.append(SHAPE.content.cloneNode(true));
  const [title, items] = [strip.querySelector(".rl-heading"), strip.querySelector(".rl-items")];
  if (title) title.textContent = heading;
  for (let slot = 0; slot < limit; slot++) {
    const element = document.createElement("li");
    element.className = "rl-slot";
    items?.append(element);
  }
  addStyles();
}

function addStyles() {
  const href = new URL("widget.css", import.meta.url).href;
  const links = [...document.querySelectorAll("link[rel=stylesheet]")];
  if (links.some((link) => link instanceof HTMLLinkElement && link.href === href)) return;
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));
}

/** @param {HTMLElement} items */
function renderedCards(items) {
  const cards = /** @type {HTMLElement[]} */ ([...items.querySelectorAll(".rl-card")]);
  return new Map(cards.map((card) => [card.querySelector("a")?.dataset.productId ?? "", card]));
}
