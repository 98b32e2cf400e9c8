"""Sensitive words: lists folded into automata, texts screened whole or while they stream."""
