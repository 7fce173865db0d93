"""The textbook: recurrent cells in plain NumPy, forward and backward.

The cells (rnn, lstm, gru, gru_reset_before) state one step and the same step backward;
bptt strings steps together, sequence stacks layers and directions.

Everything here is written with operations that dispatch on the type of their arguments
(NEP 13 and NEP 18): operators, basic indexing, ``np.tanh``, ``np.concatenate``,
``np.where`` and a few more.  No buffer is written to, sums of gradients aside.  The
same source therefore runs in every precision, on complex numbers (complex-step
derivatives), and on arrays that carry the bound of their own rounding error.
"""
