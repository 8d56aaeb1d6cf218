# SPDX-License-Identifier: GPL-2.0-or-later
CMAKE_OPTIONS:=
