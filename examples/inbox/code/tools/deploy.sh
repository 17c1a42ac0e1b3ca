#!/bin/sh
# Puts a new build on the gateway; keeps the last three.
set -eu
version=$(git describe --tags)
scp "heron-$version.tar.gz" tower:/srv/heron/
ssh tower "cd /srv/heron && tar xzf heron-$version.tar.gz && ln -sfn heron-$version current"
ssh tower "ls -1dt /srv/heron/heron-*/ | tail -n +4 | xargs -r rm -rf"
