// SPDX-License-Identifier: GPL-2.0-or-later
//
// Empty: what is compiled is the headers that CMakeLists.txt names beside it.
