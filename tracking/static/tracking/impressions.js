/**
 * What the visitor has really seen: a product of a list, once half of its link has been in view for a second.
 *
 * Each product counts once for its list and page view, at the place where it was seen first; a list that changes while it
 * is looked at adds what is new in it. What was seen is collected for a few seconds and then reported together, at
 * once when the page is being left or a product is clicked.
 */

const HALF = 0.5;
const SEEN_MS = 1_000;
const COLLECTED_MS = 3_000;
const MOST_PRODUCTS = 100; // of one event: the collector's limit
const LINK = "[data-list] a[data-product-id]";

/** @typedef {{ product_id: string | undefined, position: number | undefined }} Seen */

export class Impressions {
  /** The links of which half is in view, each with the timer of its second. @type {Map<Element, number | undefined>} */
  #inView = new Map();
  /** @type {WeakSet<Element>} */
  #watched = new WeakSet();
  /** @type {Set<string>} */
  #counted = new Set();
  /** By list. @type {Map<string, Seen[]>} */
  #collected = new Map();
  /** @type {number | undefined} */
  #timer;
  #view = new IntersectionObserver((entries) => entries.forEach((entry) => this.#moved(entry)), { threshold: HALF });

  /** @param {(list: string, products: Seen[]) => void} report */
  constructor(report) {
    this.report = report;
    this.#watch(document.querySelectorAll(LINK));
    const changes = { childList: true, subtree: true, attributeFilter: ["data-product-id"] };
    new MutationObserver((records) => this.#changed(records)).observe(document.documentElement, changes);
    // In the capturing phase, so that what is reported now still goes with the page's last beacon.
    addEventListener("pagehide", () => this.reportNow(), { capture: true });
    document.addEventListener("visibilitychange", () => this.#shown(!document.hidden), { capture: true });
  }

  /** Another view of the page begins: what is still in it is seen again. */
  begin() {
    this.reportNow();
    this.#counted.clear();
    this.#shown(true);
  }

  /** A product that is clicked has been seen, however quickly. @param {HTMLElement} link */
  include(link) {
    this.#count(link);
    this.reportNow();
  }

  reportNow() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [list, products] of this.#collected) {
      while (products.length) this.report(list, products.splice(0, MOST_PRODUCTS));
    }
    this.#collected.clear();
  }

  /** @param {Iterable<Element>} links */
  #watch(links) {
    for (const link of links) {
      if (this.#watched.has(link)) continue;
      this.#watched.add(link);
      this.#view.observe(link);
    }
  }

  /** @param {MutationRecord[]} records */
  #changed(records) {
    this.#watch(document.querySelectorAll(LINK));
    for (const { type, target } of records) {
      if (type === "attributes" && target instanceof Element && this.#inView.has(target)) this.#await(target);
    }
  }

  /** @param {IntersectionObserverEntry} entry */
  #moved({ target, intersectionRatio }) {
    if (intersectionRatio >= HALF) return this.#await(target);
    clearTimeout(this.#inView.get(target));
    this.#inView.delete(target);
  }

  /** @param {boolean} shown */
  #shown(shown) {
    for (const link of [...this.#inView.keys()]) this.#await(link);
    if (!shown) this.reportNow();
  }

  /** Begins the link's second anew; in a page that nobody looks at there is none. @param {Element} link */
  #await(link) {
    clearTimeout(this.#inView.get(link));
    const timer = document.hidden ? undefined : setTimeout(() => this.#count(link), SEEN_MS);
    this.#inView.set(link, timer);
  }

  /** @param {Element} link */
  #count(link) {
    const list = /** @type {HTMLElement | null} */ (link.closest("[data-list]"))?.dataset.list;
    if (!list || !(link instanceof HTMLElement) || !link.matches(LINK)) return; // it has left its list meanwhile
    const { productId, position } = link.dataset;
    const key = `${list}\n${productId}`;
    if (this.#counted.has(key)) return;
    this.#counted.add(key);
    const products = this.#collected.get(list) ?? [];
    products.push({ product_id: productId, position: position ? Number(position) : undefined });
    this.#collected.set(list, products);
    this.#timer ??= setTimeout(() => this.reportNow(), COLLECTED_MS);
  }
}
