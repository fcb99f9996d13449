# SPDX-License-Identifier: Apache-2.0
"""Varve on object stores: requests, throughput, and the programs of the tests."""
