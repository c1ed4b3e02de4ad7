package org.seatunnel.translation;

/** What went wrong in a connector, as its author and its user call it. */
public class ConnectorException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final boolean retryable;

    /** Made by the native side. */
    public ConnectorException(String code, String message, boolean retryable) {
        super(message);
        this.code = code;
        this.retryable = retryable;
    }

    /** The code, as the documentation lists it: {@code API-02}. */
    public String code() {
        return code;
    }

    /** Whether the same work may succeed when tried again. */
    public boolean isRetryable() {
        return retryable;
    }
}
