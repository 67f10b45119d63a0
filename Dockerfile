# SPDX-License-Identifier: Apache-2.0
#
# The folder that hack/image/build.sh prepares: one static binary and the
# certificates of public authorities. Nothing else is in the image.
FROM scratch
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY frontline /frontline
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
LABEL org.opencontainers.image.source=https://github.com/frontline-screening/frontline \
      org.opencontainers.image.licenses=Apache-2.0
USER 65532:65532
ENTRYPOINT ["/frontline"]
