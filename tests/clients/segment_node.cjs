// Sends every kind of call with @segment/analytics-node, and prints which of them it was told are delivered.
const { Analytics } = require("@segment/analytics-node");

const { host, writeKey, visitor, user, number, many } = JSON.parse(process.argv[2]);
const told = { delivered: [], failed: [] };
const analytics = new Analytics({ writeKey, host, flushAt: 50, flushInterval: 100, maxRetries: 4 });
analytics.on("error", (error) => told.failed.push(String(error.reason ?? error.code)));

function note(error, context) {
  if (!error) told.delivered.push(context.event.messageId);
}

analytics.page({ anonymousId: visitor, name: "Home", category: "Docs", properties: { title: "" } }, note);
analytics.screen({ anonymousId: visitor, name: "Cart" }, note);
analytics.identify({ userId: user, anonymousId: visitor, traits: { email: "ann@example.org", age: null } }, note);
analytics.group({ userId: user, anonymousId: visitor, groupId: String(number), traits: { plan: "big" } }, note);
analytics.alias({ userId: user, previousId: visitor }, note);
analytics.track({ userId: user, event: "Order Completed", timestamp: new Date(Date.now() - 3600_000), properties: {
  order_id: number, total: "59.80", coupon: null, products: [{ product_id: number, price: "19.90", quantity: 2 }, { sku: "mug-8" }],
} }, note);
for (let n = 0; n < many; n++) {
  analytics.track({ anonymousId: visitor, event: "Product Viewed", properties: { product_id: `mug-${n}` } }, note);
}
analytics.closeAndFlush({ timeout: 60_000 }).then(() => console.log(JSON.stringify(told)));
