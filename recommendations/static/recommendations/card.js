/** One product of a strip: the element that the server rendered, or a new one of the same shape. */

/** @typedef {import("./connection.js").Item} Item */
/** @typedef {import("./connection.js").Trace} Trace */

const NEW_MS = 8_000;

// The shape of templates/recommendations/card.html; a test holds the two together.
const SHAPE = document.createElement("template");
SHAPE.innerHTML = `
  <article class="rl-card">
    <a class="rl-link">
      <img class="rl-image" alt="" width="320" height="320" decoding="async">
      <span class="rl-title"></span>
      <span class="rl-price"></span>
    </a>
    <p class="rl-reason"></p>
  </article>`;

/** @type {Record<string, (title: string) => string>} */
const REASONS = {
  viewed: (title) => `Because you looked at ${title}`,
  added: (title) => `Because you added ${title}`,
  bought: (title) => `Because you bought ${title}`,
  together: (title) => `Bought together with ${title}`,
  again: () => "You bought it before",
  recent: () => "You looked at it",
  trending: () => "Trending now",
  popular: () => "Popular",
  new: () => "New in the shop",
  exploration: () => "New in the shop: have a look",
  pinned: () => "Picked by the shop",
};
/** @type {Record<string, (category: string) => string>} */
const IN_CATEGORY = {
  trending: (category) => `Trending in ${category}`,
  popular: (category) => `Popular in ${category}`,
  origin: (category) => `Popular with visitors from ${category}`,
};
const otherwise = () => "Recommended for you";

/** @param {import("./connection.js").Reason} reason */
export function reasonText(reason) {
  if (reason.category) return (IN_CATEGORY[reason.kind] ?? otherwise)(reason.category);
  return (REASONS[reason.kind] ?? otherwise)(reason.title ?? "something like it");
}

export class Card {
  /** What the visitor saw of the newest event that moved this item. @type {{ trace: Trace, shownAt: number | null } | null} */
  seen = null;

  /** @param {Item} item @param {HTMLElement} [element] as the server rendered it */
  constructor(item, element) {
    this.item = item;
    this.element = element ?? /** @type {HTMLElement} */ (SHAPE.content.firstElementChild?.cloneNode(true));
    this.link = /** @type {HTMLAnchorElement} */ (this.#part("rl-link"));
    this.why = document.createElement("button");
    this.why.type = "button";
    this.why.className = "rl-why";
    this.why.textContent = "Why?";
    this.why.setAttribute("aria-expanded", "false");
    this.element.append(this.why);
  }

  /**
   * @param {Item} item
   * @param {number | null} shownAt null for a list that was in the page from its start
   */
  update(item, shownAt) {
    this.item = item;
    this.link.dataset.productId = item.productId;
    setAddress(this.link, "href", item.url);
    setAddress(/** @type {HTMLImageElement} */ (this.#part("rl-image")), "src", item.image);
    setText(this.#part("rl-title"), item.title);
    setText(this.#part("rl-price"), priceText(item.price, item.currency));
    setText(this.#part("rl-reason"), reasonText(item.reason));
    this.why.setAttribute("aria-label", `Why ${item.title}?`);
    this.#trace(item.trace, shownAt);
  }

  set position(/** @type {number} */ position) {
    this.link.dataset.position = String(position);
  }

  markNew() {
    this.link.querySelector(".rl-new")?.remove();
    const badge = document.createElement("span");
    badge.className = "rl-new";
    badge.textContent = "New";
    this.link.append(badge);
    setTimeout(() => badge.remove(), NEW_MS);
  }

  /** Out of the list: still to be seen while it fades, but no longer to be clicked, read or counted. */
  retire() {
    this.element.inert = true;
    for (const name of Object.keys(this.link.dataset)) delete this.link.dataset[name];
  }

  /** @param {Trace | null} trace @param {number | null} shownAt */
  #trace(trace, shownAt) {
    if (!trace) this.seen = null;
    else if (this.seen?.trace.eventId !== trace.eventId) this.seen = { trace, shownAt };
    // The same event again, now with Spark's batch: the times at which it was first pushed and shown stay true.
    else this.seen.trace = { ...trace, pushedAt: this.seen.trace.pushedAt };
    const { eventId, partition, offset, batchId } = trace ?? {};
    for (const [name, value] of Object.entries({ eventId, partition, offset, batchId })) {
      if (value === undefined || value === null) delete this.link.dataset[name];
      else this.link.dataset[name] = String(value);
    }
  }

  /** @param {string} name */
  #part(name) {
    const part = this.element.querySelector(`.${name}`);
    if (!(part instanceof HTMLElement)) throw new Error(`recommendations: a card without a .${name}`);
    return part;
  }
}

/** @param {number} price @param {string | undefined} currency */
function priceText(price, currency) {
  return new Intl.NumberFormat("en", currency ? { style: "currency", currency } : {}).format(price);
}

/** @param {HTMLElement} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Only the web's own addresses: `javascript:` and the like are left out. */
function setAddress(/** @type {HTMLElement} */ element, /** @type {string} */ name, /** @type {string} */ address) {
  const url = URL.canParse(address, document.baseURI) ? new URL(address, document.baseURI) : null;
  if (!url || !["http:", "https:"].includes(url.protocol)) element.removeAttribute(name);
  else if (element.getAttribute(name) !== address) element.setAttribute(name, address);
}
