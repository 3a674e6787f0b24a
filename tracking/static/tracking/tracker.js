/**
 * Reports what the visitor does on this page. The markup says what there is to report:
 *
 *   <main data-product-viewed="tea-7" data-product-name data-product-price data-product-category>   a product page
 *   <ul data-list="category:tea"> ... <a data-product-id="tea-7" data-position="3">                 a link in a list
 *
 * What of the lists was really seen is told by impressions.js as "Product List Viewed".
 * Everything else goes through `window.tributary.track(event, properties)`.
 */

import { Impressions } from "./impressions.js";
import { Sender } from "./sender.js";

const LIBRARY = { name: "tributary.js", version: "1.0.0" };

/** @typedef {Record<string, unknown>} Properties */

const script = /** @type {HTMLElement | null} */ (document.querySelector("script[data-write-key]"));
if (!script?.dataset.writeKey) {
  throw new Error('tributary: no <script data-write-key="..."> in this page: render the tracker with {% tracker %}.');
}
const sender = new Sender(script.dataset.endpoint ?? "/v1/batch", script.dataset.writeKey);

/** @param {string} event @param {Properties} [properties] */
export function track(event, properties = {}) {
  sender.send({ ...envelope("track"), event, properties });
}

/** @param {string} [name] @param {Properties} [properties] */
export function page(name = document.title, properties = {}) {
  sender.send({ ...envelope("page"), name, properties: { ...pageProperties(), ...properties } });
}

/** @param {"track" | "page"} type */
function envelope(type) {
  return { type, messageId: messageId(), timestamp: new Date().toISOString(), context: context() };
}

function pageProperties() {
  const { pathname, href } = location;
  return { path: pathname, url: href, title: document.title, referrer: document.referrer };
}

function context() {
  return {
    page: pageProperties(),
    userAgent: navigator.userAgent,
    locale: navigator.language,
    screen: { width: screen.width, height: screen.height, density: devicePixelRatio },
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    library: LIBRARY,
  };
}

/** A random UUID; `crypto.randomUUID` is there on https and localhost only. */
function messageId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function reportView() {
  page();
  const product = /** @type {HTMLElement | null} */ (document.querySelector("[data-product-viewed]"));
  if (!product) return;
  const { productViewed, productName, productPrice, productCategory } = product.dataset;
  track("Product Viewed", {
    product_id: productViewed,
    name: productName,
    price: productPrice ? Number(productPrice) : undefined,
    category: productCategory,
    url: location.href,
  });
}

/** @type {Impressions} */
let impressions;

/** @param {string} list @param {object[]} products */
function reportSeen(list, products) {
  track("Product List Viewed", { list_id: list, products });
}

/** @param {MouseEvent} click */
function reportClick(click) {
  if (click.button > 1 || !(click.target instanceof Element)) return; // the middle button opens a link too
  const link = /** @type {HTMLAnchorElement | null} */ (click.target.closest("a[data-product-id]"));
  const list = /** @type {HTMLElement | null | undefined} */ (link?.closest("[data-list]"));
  if (!link || !list) return;
  impressions.include(link);
  track("Product Clicked", {
    product_id: link.dataset.productId,
    list_id: list.dataset.list,
    position: link.dataset.position ? Number(link.dataset.position) : undefined,
    url: link.href,
  });
}

/** The page shows something else under another address, without having been loaded: a new view of it begins. */
export function viewed() {
  reportView();
  impressions.begin();
}

function start() {
  reportView();
  impressions = new Impressions(reportSeen);
  // A page that comes back from the browser's back-forward cache is seen again, though it is not loaded again.
  addEventListener("pageshow", (shown) => {
    if (shown.persisted) viewed();
  });
  // In the capturing phase: a shop's own handler that stops the event hides no click.
  document.addEventListener("click", reportClick, { capture: true });
  document.addEventListener("auxclick", reportClick, { capture: true });
}

Object.assign(window, { tributary: { track, page, viewed } });
// @ts-expect-error A page that the browser renders ahead has not been seen; not every browser knows `prerendering`.
if (document.prerendering) document.addEventListener("prerenderingchange", start, { once: true });
else start();
