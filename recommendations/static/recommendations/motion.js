/** Shows that cards came, went or moved, by transforms and opacity alone, so that nothing around them shifts. */

const TIMING = { duration: 320, easing: "cubic-bezier(0.2, 0, 0, 1)" };

const reduced = matchMedia("(prefers-reduced-motion: reduce)");

function isStill() {
  return reduced.matches || document.hidden;
}

/** @param {Iterable<HTMLElement>} elements */
export function placesOf(elements) {
  return new Map([...elements].map((element) => [element, element.getBoundingClientRect()]));
}

/** @param {Map<HTMLElement, DOMRect>} places where the elements were before they were put elsewhere */
export function animateMoves(places) {
  if (isStill()) return;
  for (const [element, before] of places) {
    const now = element.getBoundingClientRect();
    const [x, y] = [before.left - now.left, before.top - now.top];
    if (x || y) element.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], TIMING);
  }
}

/** @param {HTMLElement} element */
export function animateEntry(element) {
  if (isStill()) return;
  element.animate([{ opacity: 0, transform: "scale(0.96)" }, { opacity: 1, transform: "none" }], TIMING);
}

/** @param {HTMLElement} element removed when it has faded */
export function animateExit(element) {
  if (isStill()) return element.remove();
  const fading = element.animate([{ opacity: 1 }, { opacity: 0 }], { ...TIMING, fill: "forwards" });
  fading.addEventListener("finish", () => element.remove());
}
