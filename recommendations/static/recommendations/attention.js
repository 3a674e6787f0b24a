/** Whether the visitor is about to use a part of the page: then nothing in it must move from under them. */

const IDLE_MS = 5_000; // a mouse that rests longer than this is not about to click

export class Attention {
  #over = false;
  #movedAt = 0;
  #timer = 0;

  /** @param {HTMLElement} element @param {() => void} released called whenever the attention may have ended */
  constructor(element, released) {
    this.element = element;
    element.addEventListener("pointermove", ({ pointerType }) => {
      if (pointerType !== "mouse") return; // a finger that has left the screen points at nothing
      this.#over = true;
      this.#movedAt = Date.now();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(released, IDLE_MS);
    });
    element.addEventListener("pointerleave", () => {
      this.#over = false;
      released();
    });
    element.addEventListener("focusout", () => queueMicrotask(released)); // the focus has moved on only after it
  }

  get isHeld() {
    const pointed = this.#over && Date.now() - this.#movedAt < IDLE_MS;
    return pointed || this.element.querySelector(":focus-visible") !== null;
  }
}
