# SPDX-License-Identifier: GPL-2.0-or-later

# $(1): the package. Its fields become a file of lines, its scripts and conffiles files.
define Package/metadata
SECTION:=
CATEGORY:=
TITLE:=
DEPENDS:=
USERID:=
BUILDONLY:=
$$(eval $$(Package/$(1)))
export GH_TITLE:=$$(TITLE)
export GH_DEPENDS:=$$(DEPENDS)
export GH_USERID:=$$(USERID)
export GH_CONFFILES=$$(Package/$(1)/conffiles)
export GH_PRERM=$$(Package/$(1)/prerm)
endef

define BuildPackage
$(eval $(call Package/metadata,$(1)))
export GH_VERSION:=$(PKG_VERSION)
export GH_RELEASE:=$(PKG_RELEASE)
export GH_OPTIONS:=$(CMAKE_OPTIONS)

.PHONY: all install prepare metadata
all: prepare install metadata

prepare:
	$(Build/Prepare)

install:
	mkdir -p $(OUT)/root $(PKG_INSTALL_DIR)/usr/sbin
	$(if $(BINARY),cp $(BINARY) $(PKG_INSTALL_DIR)/usr/sbin/gatehouse)
	$(call Package/$(1)/install,$(OUT)/root)

metadata:
	mkdir -p $(OUT)/control
	for field in TITLE DEPENDS USERID VERSION RELEASE OPTIONS CONFFILES PRERM; do \
		printenv GH_$$$$field >$(OUT)/control/$$$$field || true; \
	done
endef
