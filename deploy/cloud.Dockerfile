# The cloud: compiled, with its production dependencies alone, not root. Build from the repository's root:
#   docker build -f deploy/cloud.Dockerfile -t server-playback-cloud .
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.base.json ./
COPY packages/ packages/
COPY tests/package.json tests/
COPY bench/package.json bench/
RUN npm ci --no-audit --no-fund
RUN npx tsc -b packages/cloud
RUN rm -rf node_modules packages/*/node_modules \
 && npm ci --omit=dev --workspace=@server-playback/cloud --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/packages/protocol packages/protocol
COPY --from=build /app/packages/bridge-client packages/bridge-client
COPY --from=build /app/packages/cloud packages/cloud
USER node
ENV CLOUD_HOST=0.0.0.0 CLOUD_PORT=8002
EXPOSE 8002
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.CLOUD_PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "packages/cloud/dist/main.js"]
