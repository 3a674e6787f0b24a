/**
 * The panel that a card's "Why?" button opens: a glance while the pointer or the keyboard's focus is on the button,
 * and for as long as the reader wants after a click or a tap. Escape, or a press elsewhere, closes it.
 */

import { traceElements } from "./trace.js";

/** @typedef {import("./card.js").Card} Card */

const REST_MS = 120; // a pointer that only passes over the button opens nothing
const LEAVE_MS = 250; // time to move the pointer from the button into the panel
const EDGE = 8; // px kept free at the window's edges

let panels = 0;

export class WhyPanel {
  /** @type {Card | null} */
  #card = null;
  #pinned = false;
  #timer = 0;

  constructor() {
    this.element = document.createElement("div");
    this.element.className = "rl-panel";
    this.element.id = `rl-panel-${++panels}`;
    this.element.popover = "manual"; // the top layer: a strip that scrolls cannot cut it off
    this.element.hidden = true;
    this.element.tabIndex = -1; // so that its text can be selected without taking it for a press elsewhere
    this.element.addEventListener("pointerenter", () => clearTimeout(this.#timer));
    this.element.addEventListener("pointerleave", () => this.#leave());
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
    document.addEventListener("pointerdown", ({ target }) => this.#owns(target) || this.close());
    addEventListener("scroll", ({ target }) => this.#owns(target) || this.close(), { capture: true, passive: true });
  }

  get isOpen() {
    return this.#card !== null;
  }

  /** @param {Card} card */
  serve(card) {
    const { why } = card;
    why.setAttribute("aria-controls", this.element.id);
    why.addEventListener("click", () => this.#press(card));
    why.addEventListener("focus", () => why.matches(":focus-visible") && this.#open(card));
    why.addEventListener("blur", ({ relatedTarget }) => this.#card === card && !this.#owns(relatedTarget) && this.close());
    why.addEventListener("pointerenter", ({ pointerType }) => {
      if (pointerType === "mouse") this.#after(REST_MS, () => this.#open(card));
    });
    why.addEventListener("pointerleave", () => this.#leave());
  }

  /** The card has news, or has left: show it, or close. @param {Card} card @param {boolean} gone */
  refresh(card, gone = false) {
    if (this.#card !== card) return;
    if (gone) this.close();
    else this.element.replaceChildren(...traceElements(card));
  }

  close() {
    clearTimeout(this.#timer);
    this.#card?.why.setAttribute("aria-expanded", "false");
    this.#card?.why.removeAttribute("aria-describedby");
    this.#card = null;
    this.#pinned = false;
    if (this.element.hidden) return;
    this.element.hidePopover();
    this.element.hidden = true;
  }

  /** @param {Card} card */
  #press(card) {
    if (this.#card === card && this.#pinned) return this.close();
    this.#open(card);
    this.#pinned = true;
  }

  /** @param {Card} card */
  #open(card) {
    clearTimeout(this.#timer);
    if (this.#card === card) return;
    this.close();
    this.#card = card;
    card.why.setAttribute("aria-expanded", "true");
    card.why.setAttribute("aria-describedby", this.element.id);
    this.refresh(card);
    this.element.hidden = false;
    this.element.showPopover();
    this.#place(card.why.getBoundingClientRect());
  }

  /** Below the button where there is room, else above it; never outside the window. @param {DOMRect} button */
  #place(button) {
    const { clientWidth, clientHeight } = document.documentElement;
    const { width, height } = this.element.getBoundingClientRect();
    const left = Math.min(button.left, clientWidth - width - EDGE);
    const fits = button.bottom + height + EDGE <= clientHeight || button.top < height + EDGE;
    this.element.style.left = `${Math.max(EDGE, left)}px`;
    this.element.style.top = `${fits ? button.bottom + 4 : button.top - height - 4}px`;
  }

  #leave() {
    if (!this.#pinned) this.#after(LEAVE_MS, () => this.close());
  }

  /** @param {number} ms @param {() => void} action */
  #after(ms, action) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, ms);
  }

  /** @param {EventTarget | null} target */
  #owns(target) {
    return target instanceof Node && (this.element.contains(target) || !!this.#card?.why.contains(target));
  }
}
