export { inspect, type Inspector, type InspectOptions } from './server.js'
export type { FeedOptions } from './local-feed.js'
