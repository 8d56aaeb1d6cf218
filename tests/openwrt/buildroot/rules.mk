# SPDX-License-Identifier: GPL-2.0-or-later
#
# As much of OpenWrt's build system as the recipes of openwrt/ use, to see what they would install
# and say: make -f RECIPE TOPDIR=<here> OUT=<folder> [BINARY=<program>].
INCLUDE_DIR:=$(TOPDIR)/include
PKG_INSTALL_DIR:=$(OUT)/built
PKG_BUILD_DIR:=$(OUT)/source
CP:=cp -fpR
SED:=sed -i -e
INSTALL_DIR:=install -d -m0755
INSTALL_BIN:=install -m0755
INSTALL_DATA:=install -m0644
INSTALL_CONF:=install -m0600
define empty
endef
define newline

$(empty)
endef
