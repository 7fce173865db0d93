"""Adapters: each turns the implementations of one framework into cells.

A framework is imported by its adapter alone, and only when a target asks for it.
"""
