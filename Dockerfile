# The standalone broker: one process, its data in /data, not root.
#
#   docker build -t tbmq .
#   docker run --name tbmq -p 1883:1883 -p 8083:8083 -v tbmq-data:/data tbmq
#   docker exec -it tbmq npm run user add alice

FROM node:24-bookworm-slim AS build
WORKDIR /tbmq
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
# Health and metrics stay on the loopback address unless told otherwise; a container publishes what it is told to.
# The last one as in scripts/start.
ENV NODE_ENV=production TBMQ_DATA_DIR=/data TBMQ_HTTP_HOST=0.0.0.0 MALLOC_MMAP_THRESHOLD_=131072
WORKDIR /tbmq
COPY --from=build /tbmq/package.json ./
COPY --from=build /tbmq/node_modules node_modules
COPY --from=build /tbmq/dist dist
COPY scripts scripts
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 1883 8883 8084 8085 8083
# Ready means: state restored, listeners open, not draining.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TBMQ_HTTP_PORT || 8083}/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
CMD ["node", "dist/apps/standalone/src/main.js"]
