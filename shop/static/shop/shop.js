/**
 * What the shop adds to the tracker: forms that say what they do, and lists that htmx changed in place.
 *
 *   <form data-track="Product Added to Wishlist" data-track-product="tea-7">
 */

document.addEventListener("submit", ({ target }) => {
  if (!(target instanceof HTMLFormElement) || !target.dataset.track) return;
  window.tributary?.track(target.dataset.track, { product_id: target.dataset.trackProduct });
});

// Another address is another view of a page, though it was not loaded anew: what is on it is seen again.
document.addEventListener("htmx:pushedIntoHistory", () => setTimeout(() => window.tributary?.viewed()));
