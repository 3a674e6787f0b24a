// Sends every kind of call with @rudderstack/rudder-sdk-node, and prints which of them it was told are delivered.
const { randomUUID } = require("node:crypto");
const Analytics = require("@rudderstack/rudder-sdk-node");

const { host, writeKey, visitor, user, number, many, gzip } = JSON.parse(process.argv[2]);
const told = { delivered: [], failed: [] };
const analytics = new Analytics(writeKey, {
  dataPlaneUrl: host, gzip, flushAt: 50, flushInterval: 100, logLevel: "none", errorHandler: () => {},
});

function send(kind, call) {
  const messageId = randomUUID();
  analytics[kind]({ ...call, messageId }, (error) => {
    if (error) told.failed.push(String(error.message));
    else told.delivered.push(messageId);
  });
}

send("page", { anonymousId: visitor, name: "Home", category: "Docs", properties: { title: "" } });
send("screen", { anonymousId: visitor, name: "Cart" });
send("identify", { userId: user, anonymousId: visitor, traits: { email: "ann@example.org", age: null } });
send("group", { userId: user, anonymousId: visitor, groupId: String(number), traits: { plan: "big" } });
send("alias", { userId: user, previousId: visitor });
send("track", { userId: user, event: "Order Completed", originalTimestamp: new Date(Date.now() - 3600_000), properties: {
  order_id: number, total: "59.80", coupon: null, products: [{ product_id: number, price: "19.90", quantity: 2 }, { sku: "mug-8" }],
} });
for (let n = 0; n < many; n++) {
  send("track", { anonymousId: number, event: "Product Viewed", properties: { product_id: `mug-${n}` } });
}

async function finish() {
  while (told.delivered.length + told.failed.length < many + 6) {
    await analytics.flush().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  console.log(JSON.stringify(told));
}
finish();
