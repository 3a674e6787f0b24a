/**
 * <recommendation-list limit="6" heading="Recommended for you"> shows the visitor's list and keeps it current.
 *
 * It takes over the list that the server rendered into it, or asks for one. The slots stay where they are; cards
 * move between them. On the element itself: data-state (see connection.js) and data-version of the list shown.
 */

import { Announcer, arrivalText } from "./announcer.js";
import { Attention } from "./attention.js";
import { Card, reasonText } from "./card.js";
import { connection } from "./connection.js";
import { animateEntry, animateExit, animateMoves, placesOf } from "./motion.js";
import { buildFrame, listInPage } from "./frame.js";
import { WhyPanel } from "./why.js";

/** @typedef {import("./connection.js").List} List */
/** @typedef {import("./connection.js").Item} Item */

const AGE_TO_MENTION_MS = 60_000;

class RecommendationList extends HTMLElement {
  /** By product id, in the order shown. @type {Map<string, Card>} */
  #cards = new Map();
  /** @type {List | null} */
  #shown = null;
  /** Came while the visitor was about to use the strip. @type {List | null} */
  #waiting = null;
  /** @type {import("./frame.js").Frame | null} */
  #frame = null;
  #why = new WhyPanel();
  #announcer = new Announcer();
  /** @type {Attention | null} */
  #attention = null;

  get limit() {
    return Number(this.getAttribute("limit")) || 6;
  }

  connectedCallback() {
    if (!this.#frame) {
      this.#frame = buildFrame(this, this.limit);
      this.#frame.update.addEventListener("click", () => this.#release(true));
      this.#attention = new Attention(this, this.#frame.items, () => this.#release());
      this.append(this.#announcer.element, this.#why.element);
      const list = listInPage(this);
      if (list) this.#take(list, null);
    }
    connection.join(this, this.#shown?.version ?? null);
    this.refresh();
  }

  disconnectedCallback() {
    this.#why.close();
    connection.leave(this);
  }

  /** @param {List} list */
  show(list) {
    const items = this.#itemsOf(list);
    if (this.#shown && !this.#isOrder(items) && (this.#attention?.isHeld || this.#why.isOpen)) this.#hold(list, items);
    else this.#take(list, this.#shown ? Date.now() : null);
  }

  /** The connection's state, or the time, has moved on. */
  refresh() {
    this.dataset.state = connection.state;
    if (this.#frame && this.#shown) this.#frame.status.textContent = statusText(connection.state, this.#shown.asOf);
    this.#release();
  }

  /** @param {List} list @param {Item[]} items */
  #hold(list, items) {
    this.#waiting = list;
    for (const item of items) this.#update(item, Date.now());
    if (this.#frame) this.#frame.update.hidden = false;
  }

  #release(asked = false) {
    const list = this.#waiting;
    if (!list || (!asked && (this.#attention?.isHeld || this.#why.isOpen))) return;
    const focused = asked && document.activeElement === this.#frame?.update;
    this.#take(list, Date.now());
    if (focused) this.#frame?.items.focus({ preventScroll: true });
  }

  /**
   * @param {List} list
   * @param {number | null} shownAt null for the first list of this page
   */
  #take(list, shownAt) {
    if (!this.#frame) return;
    const items = this.#itemsOf(list);
    const isFirst = this.#shown === null;
    this.#waiting = null;
    this.#frame.update.hidden = true;
    this.#shown = list;
    this.dataset.version = String(list.version);
    if (isFirst || !this.#isOrder(items)) this.#arrange(items, shownAt, isFirst);
    else for (const item of items) this.#update(item, shownAt);
    this.refresh();
  }

  /** @param {Item[]} items @param {number | null} shownAt @param {boolean} isFirst */
  #arrange(items, shownAt, isFirst) {
    const frame = /** @type {import("./frame.js").Frame} */ (this.#frame);
    const places = placesOf([...this.#cards.values()].map((card) => card.element));
    const focused = this.querySelector(":focus");
    const before = this.#cards;
    this.#cards = new Map(items.map((item) => [item.productId, before.get(item.productId) ?? this.#card(item)]));
    for (const card of before.values()) if (!this.#cards.has(card.item.productId)) this.#retire(card);
    items.forEach((item, index) => {
      this.#update(item, shownAt);
      const card = this.#cards.get(item.productId);
      if (!card) return;
      card.position = index + 1;
      if (card.element.parentElement !== frame.slots[index]) frame.slots[index].append(card.element);
    });
    if (isFirst) return;
    animateMoves(places);
    const arrived = items.filter((item) => !before.has(item.productId));
    for (const { productId } of arrived) this.#greet(productId);
    if (arrived.length) this.#announcer.say(arrivalText(arrived, reasonText));
    this.#keepFocus(focused);
  }

  /** @param {Item} item */
  #card(item) {
    const card = new Card(item, this.#frame?.rendered.get(item.productId));
    this.#why.serve(card);
    return card;
  }

  /** @param {Item} item @param {number | null} shownAt */
  #update(item, shownAt) {
    const card = this.#cards.get(item.productId);
    card?.update(item, shownAt);
    if (card) this.#why.refresh(card);
  }

  /** @param {Card} card */
  #retire(card) {
    this.#why.refresh(card, true);
    card.retire();
    animateExit(card.element);
  }

  /** @param {string} productId */
  #greet(productId) {
    const card = this.#cards.get(productId);
    if (!card) return;
    card.markNew();
    animateEntry(card.element);
  }

  /** Moving an element takes the focus from it: give it back, or to the strip where its card has left. */
  #keepFocus(/** @type {Element | null} */ focused) {
    if (!(focused instanceof HTMLElement)) return;
    const left = !focused.isConnected || focused.closest("[inert]");
    (left ? this.#frame?.items : focused)?.focus({ preventScroll: true });
  }

  /** @param {List} list */
  #itemsOf(list) {
    return [...new Map(list.items.map((item) => [item.productId, item])).values()].slice(0, this.limit);
  }

  /** @param {Item[]} items */
  #isOrder(items) {
    return items.map((item) => item.productId).join("\n") === [...this.#cards.keys()].join("\n");
  }
}

/** @param {import("./connection.js").connection["state"]} state @param {string} asOf */
function statusText(state, asOf) {
  const age = Math.max(0, Date.now() - Date.parse(asOf));
  if (state === "stale") return `As of ${ageText(age)}`;
  if (age > AGE_TO_MENTION_MS) return `Updated ${ageText(age)}`;
  return state === "connecting" ? "" : "Live";
}

/** @param {number} ms */
function ageText(ms) {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return `${Math.round(ms / 1000)} s ago`;
  if (minutes < 120) return `${minutes} min ago`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} hours ago` : `${Math.round(minutes / 1440)} days ago`;
}

customElements.define("recommendation-list", RecommendationList);
