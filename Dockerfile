# Three stages: what the build needs stays behind, and what runs has neither a compiler nor npm's development packages.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /trailseal
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM ${NODE_IMAGE} AS packages
WORKDIR /trailseal
COPY package.json package-lock.json .npmrc ./
# The package `node` brings Node 24 to machines that have an older one; here it is the image's own.
RUN npm ci --omit=dev && rm -rf node_modules/node node_modules/.bin/node

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8787 TRAILSEAL_DATA_DIR=/var/lib/trailseal
WORKDIR /trailseal
COPY --from=packages /trailseal/node_modules node_modules
COPY --from=build /trailseal/dist dist
COPY package.json plans.json LICENSE README.md ./
COPY bin bin
COPY assets assets
COPY index-templates index-templates
COPY pipelines pipelines
COPY dashboards dashboards
COPY deploy/set-up.sh deploy/set-up.sh
# The folders that volumes are mounted on: a new volume takes over their owner.
RUN mkdir -p /var/lib/trailseal /var/lib/trailseal-blobs /run/trailseal \
  && chown node:node /var/lib/trailseal /var/lib/trailseal-blobs /run/trailseal
USER node
VOLUME /var/lib/trailseal
EXPOSE 8787
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node itself as process 1, so that it gets the SIGTERM after which it commits what it accepted.
ENTRYPOINT ["node", "--max-semi-space-size=16", "--", "bin/trailseal.js"]
CMD ["serve"]
